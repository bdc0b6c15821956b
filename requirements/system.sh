#!/bin/sh
# What is no Python package: bubblewrap, for the sandbox, and a JDK, for recording what Java does. Nothing to do where they
# are there.
set -eu
missing=""
command -v bwrap >/dev/null || missing="bubblewrap"
command -v javac >/dev/null || missing="$missing default-jdk-headless"
[ -n "$missing" ] || exit 0
root=""
[ "$(id -u)" = 0 ] || root="sudo -n"
if ! command -v apt-get >/dev/null; then
    echo "Missing: $missing. Install it with your package manager, or the tests that need it are skipped." >&2
elif ! { $root apt-get install -y -qq --no-install-recommends $missing ||
    { $root apt-get update -qq && $root apt-get install -y -qq --no-install-recommends $missing; }; } >/dev/null 2>&1
then
    echo "Could not be installed: $missing. Try apt install $missing, or the tests that need it are skipped." >&2
fi
