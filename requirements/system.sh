#!/bin/sh
# What is no Python package: bubblewrap, for the sandbox. Nothing to do where it is there.
set -eu
command -v bwrap >/dev/null && exit 0
root=""
[ "$(id -u)" = 0 ] || root="sudo -n"
if ! command -v apt-get >/dev/null; then
    echo "bubblewrap is not installed; install it with your package manager, or the sandbox's tests are skipped." >&2
elif ! { $root apt-get install -y -qq --no-install-recommends bubblewrap ||
    { $root apt-get update -qq && $root apt-get install -y -qq --no-install-recommends bubblewrap; }; } >/dev/null 2>&1
then
    echo "bubblewrap could not be installed: apt install bubblewrap, or the sandbox's tests are skipped." >&2
fi
