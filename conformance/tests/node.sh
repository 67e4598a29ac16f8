#!/bin/sh
# node.sh DIR: the client cases with the vendor's own SDK from npm, as
# `make node-client` put it in DIR, over https, which is its own default. What it
# is known to fail is listed, and docs/node-sdk.md tells of it. From the repository's root.
B=${BUILD:-build}
exec "$B/conformance" --suite client --https --client "node $1/adapter.js" \
    --known-failing conformance/clients/node/known-failing.txt \
    --strict --strict-skips -j"$(nproc)" 2>&1
