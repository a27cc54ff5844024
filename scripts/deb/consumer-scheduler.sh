#!/bin/sh
exec /usr/lib/consumer-scheduler/bin/node /usr/lib/consumer-scheduler/dist/main.js "$@"
