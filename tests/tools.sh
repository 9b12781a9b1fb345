#!/bin/bash
# Bring what the tests need from Debian: tools.sh [chromium] [libatomic1] [gettext] [postgresql]
# (libatomic1 is for Playwright, whose own driver is linked with it.)
# Installs as root; otherwise names what is missing in one line and fails.
set -euo pipefail

present() {
    case $1 in
        chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
        libatomic1) PATH=$PATH:/sbin ldconfig -p | grep -F libatomic.so.1 ;;
        gettext) command -v msgfmt && command -v xgettext ;;
        postgresql) command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' ;;
    esac >/dev/null
}

missing=()
for tool in "$@"; do present "$tool" || missing+=("$tool"); done
((${#missing[@]})) || exit 0

if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    echo "error: missing for this: ${missing[*]}. On Debian: apt-get install ${missing[*]}" >&2
    exit 1
fi
echo "Installing ${missing[*]} from Debian ..."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
# A database cluster of the system's own is not wanted, only the programs.
if [[ " ${missing[*]} " == *" postgresql "* && ! -e /etc/postgresql-common/createcluster.conf ]]; then
    mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
fi
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Options::=--force-confold "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
    tail -n 5 "$log" >&2
    echo "error: apt-get could not install ${missing[*]}" >&2
    exit 1
fi
for tool in "$@"; do
    present "$tool" || { echo "error: $tool is still missing after its installation" >&2; exit 1; }
done
