"""How long everything that waits for something else waits, and what these times owe each other.

In seconds, unless a name says otherwise. Times that concern one file alone stay in it.
`tests/devices/test_timings.py` holds the relations, each with its reason.
"""

from datetime import timedelta

# What comes by a broker that has been away for so long is cut off.
CUT_OFF_SECONDS = 10.0

# --- heartbeats of processes ------------------------------------------------------
HEARTBEAT_SECONDS = 2.0
# A process that has not written for this long is taken for dead.
DEAD_AFTER = timedelta(seconds=6)
# A process that keeps its heartbeats in memory writes its row that often all the same.
HERE_SECONDS = 600.0
# A worker's event loop is taken for stuck when it has not turned for so long.
LOOP_TICK_SECONDS, LOOP_STUCK_SECONDS = 2.0, 10.0

# --- leases, by the database's clock ----------------------------------------------
SLOT_LEASE_SECONDS, SLOT_RENEW_SECONDS = 6.0, 2.0
# A lease that goes on for so many times its length is none: the clock was ahead.
LONGEST_LEASES = 2
# How often a worker looks for slots that are free, or too many.
SLOT_POLL_SECONDS = 2.0
# Work that one elected process does.
LEADER_LEASE, LEADER_RENEW_SECONDS = timedelta(seconds=15), 5.0
# A running job; each step commits, and takes a second at most.
JOB_LEASE, JOB_STEP_SECONDS = timedelta(seconds=20), 1.0

# --- times that lie ahead ---------------------------------------------------------
# Devices' times are taken up to an hour ahead (`mqtt_ingest.core.limits.MAX_AHEAD`). What was
# stored at a time further ahead than this was stored while a clock was wrong.
AHEAD_SECONDS = 3_660.0

# --- how long PostgreSQL waits for us ---------------------------------------------
# A frozen writer gives its locks back, so that whoever takes its slot over can commit.
WRITER_IDLE_SECONDS = 2.0
# Elected work: of a statement, and of standing still within a transaction.
LEADER_STATEMENT_SECONDS, LEADER_IDLE_SECONDS = 12.0, 5.0

# --- the database is away ---------------------------------------------------------
# After this long without a database the broker gets its packets back.
DATABASE_AWAY_SECONDS, DATABASE_RETRY_SECONDS = 10.0, 0.5

# --- background services ----------------------------------------------------------
# After a failure a service waits, twice as long each time.
SERVICE_RETRY_SECONDS, SERVICE_RETRY_MAX_SECONDS = 5.0, 60.0
# How long a process that ends waits for a step that is under way.
SERVICE_END_SECONDS = 3.0

# --- the broker -------------------------------------------------------------------
KEEPALIVE_SECONDS = 30
# How often a session publishes to itself, and when that has not come back in time.
CANARY_SECONDS, CANARY_MISSED_SECONDS = 5.0, 10.0
# A broker that says what it is does so at once, when that is subscribed.
BROKER_NAME_SECONDS = 10.0
# What comes by one of several brokers is cut off once it has been away for so long.
CUT_OFF_SECONDS = 10.0
# For so long a session waits for a canary that the broker may have forgotten.
LOOK_BACK_SECONDS, LOOK_BACK_GRACE_SECONDS = 2.0, 0.5
# Between tries: of an address where nothing answers, of a broker that refuses us.
UNREACHABLE_SECONDS, REFUSED_SECONDS = 1.0, 30.0
# A filter that was refused is asked for again after so long.
RESUBSCRIBE_SECONDS = 30.0
# MQTT 5 only: how long the broker keeps our session.
SESSION_SECONDS = 14 * 86_400
# A slot that is retired has nothing left once nothing came for so long.
RETIRED_QUIET_SECONDS = 5.0
# For so long packets of a Source that was switched off are still read.
SOURCE_LEAVING_SECONDS = 30.0

# --- live -------------------------------------------------------------------------
# How often a web process says what its pages watch, and how long workers believe it.
WATCH_SECONDS, WATCH_TTL_SECONDS = 10.0, 30.0
# How often a web process compares events with the change log.
RECONCILE_SECONDS = 1.0
# What a client missed is read from the change log up to this age; then all is sent anew.
RESUME_SECONDS = 900
# The change log is kept for so long.
CHANGES_KEPT = timedelta(days=1)
# A client that gives no credit for so long is closed.
NO_CREDIT_SECONDS = 60.0
# Rights are checked again that often; a change of rights is told at once.
RIGHTS_SECONDS = 30.0
# Daphne cuts sockets after a day; ours end before, one by one, and in good order.
SOCKET_LIFETIME_SECONDS = 20 * 3_600
# The layer forgets memberships after a day.
REJOIN_SECONDS, LAYER_FORGETS_SECONDS = 6 * 3_600.0, 86_400

# --- the end of a web process -----------------------------------------------------
# Requests that are under way may go on for so long; their readers gone, they clean up.
REQUEST_GRACE_SECONDS, REQUEST_CLEAN_SECONDS = 5.0, 1.0
# Threads that are left when everything else has ended.
THREAD_GRACE_SECONDS = 3.0
