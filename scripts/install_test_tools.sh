#!/bin/sh
# Installs Debian's Chromium, Firefox, WebKit, LibreOffice Calc, PostgreSQL, nginx and ffmpeg for the tests that use them, where
# that is possible; otherwise says which tests will be skipped and goes on.
set -u
missing=""
[ -n "${PILOT_OPS_CHROMIUM:-}" ] || command -v chromium >/dev/null 2>&1 || missing="chromium"
command -v soffice >/dev/null 2>&1 || missing="$missing libreoffice-calc-nogui"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -x /usr/sbin/nginx ] || command -v nginx >/dev/null 2>&1 || missing="$missing nginx-light"
command -v ffmpeg >/dev/null 2>&1 || missing="$missing ffmpeg"
command -v firefox-esr >/dev/null 2>&1 || command -v firefox >/dev/null 2>&1 || missing="$missing firefox-esr"
# WebKit decodes with GStreamer, and wants a screen.
command -v WebKitWebDriver >/dev/null 2>&1 ||
    missing="$missing webkit2gtk-driver gstreamer1.0-libav gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
[ -e /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf ] || missing="$missing fonts-noto-color-emoji"
command -v Xvfb >/dev/null 2>&1 || missing="$missing xvfb"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Not here, and no way to install it: $missing. The tests that use it will be skipped."
    exit 0
fi
apt-get update -qq || exit 0
case "$missing" in *postgresql*)
    # The tests begin a server of their own; Debian's should not run beside it.
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null &&
        echo "create_main_cluster = false" >>/etc/postgresql-common/createcluster.conf ;;
esac
case "$missing" in *nginx*)
    # Nor should Debian's proxy, which would take port 80 now and at each start of the machine.
    mkdir -p /etc/systemd/system && ln -sf /dev/null /etc/systemd/system/nginx.service ;;
esac
for package in $missing; do
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
        echo "$package could not be installed: the tests that use it will be skipped."
done
