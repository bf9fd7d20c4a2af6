#!/bin/sh
# Installs Debian's Chromium for the browser tests, where that is possible; otherwise says so and goes on.
set -u
if [ -n "${PILOT_OPS_CHROMIUM:-}" ] || command -v chromium >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "No Chromium here and no way to install it: the browser tests will be skipped."
    exit 0
fi
apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null ||
    echo "Chromium could not be installed: the browser tests will be skipped."
