"""Migrations that can be broken off anywhere: schema and record are one transaction.

Django notes that a migration is applied after its schema was committed, where indexes or
foreign keys are made at its end. Killed in between, it can never be finished: "table already
exists", for ever.
"""

from typing import Any

from django.db.migrations.executor import MigrationExecutor


class OneTransaction(MigrationExecutor):
    """Django's executor, which records a migration before its transaction ends."""

    def apply_migration(
        self,
        state: Any,
        migration: Any,
        fake: bool = False,  # noqa: FBT001, FBT002 - Django's
        fake_initial: bool = False,  # noqa: FBT001, FBT002 - Django's
    ) -> Any:
        """Apply `migration` and record it; what is faked, or is not atomic, as Django does."""
        if fake or fake_initial or not migration.atomic:
            return super().apply_migration(state, migration, fake, fake_initial)
        if self.progress_callback:
            self.progress_callback("apply_start", migration, fake)
        record: Any = self.record_migration  # the stubs are of another release
        with self.connection.schema_editor(atomic=True) as editor:
            state = migration.apply(state, editor)
            # What Django would do at the end of the block.
            for statement in editor.deferred_sql:
                editor.execute(statement, None)
            editor.deferred_sql.clear()
            record(migration)
        if self.progress_callback:
            self.progress_callback("apply_success", migration, fake)
        return state
