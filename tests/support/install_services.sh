#!/usr/bin/env bash
# Installs the programs that the tests talk to, where they are missing. Asks first,
# unless CI or YES=1 is set.
set -euo pipefail

missing=()
have() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }
have mosquitto || missing+=(mosquitto)
have mosquitto_pub || missing+=(mosquitto-clients)
have redis-server || missing+=(redis-server)
have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || missing+=(libfaketime)
have chromium || missing+=(chromium)
have nginx || missing+=(nginx-light)
have node || missing+=(nodejs)
have npm || missing+=(npm)
have xgettext || missing+=(gettext)
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)

[ ${#missing[@]} -eq 0 ] && exit 0
echo "The tests need: ${missing[*]}"
if ! command -v apt-get >/dev/null; then
  echo "Install them with this system's package manager, then run this again."
  exit 1
fi
if [ -z "${CI:-}" ] && [ "${YES:-}" != 1 ]; then
  read -r -p "Install them with apt-get? [y/N] " answer
  [ "$answer" = y ] || { echo "Install them yourself: apt-get install ${missing[*]}"; exit 1; }
fi
as_root=""
[ "$(id -u)" = 0 ] || as_root=sudo
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q
# Services start on the tests' own ports; none is wanted at boot.
$as_root apt-get install -y -q --no-install-recommends "${missing[@]}"
