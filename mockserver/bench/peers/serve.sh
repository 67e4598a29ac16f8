#!/bin/sh
# serve.sh NAME PORT: becomes a mock server of that name, on 127.0.0.1, which
# answers any POST to the two endpoints with the constant that ours has for a
# picture. Of each the plainest stub, and else its defaults, but for what would
# grow with every request on disk or in memory: log files, a journal without a
# bound.
#
# PEERS is the directory into which npm has installed them, BUILD that of our
# programs; configuration is written to the directory WORK. Exit: 2 when it
# cannot begin.
set -u
name=$1
port=$2
config=$WORK/$name.$port
answer='{"data":{"score":95},"code":0,"message":"OK"}'
quoted='{\"data\":{\"score\":95},\"code\":0,\"message\":\"OK\"}'
mkdir -p "$config" || exit 2

case $name in
nginx)
    cat >"$config/nginx.conf" <<END
daemon off;
worker_processes auto;
pid $config/pid;
error_log stderr;
events { worker_connections 1024; }
http {
    access_log off;
    client_max_body_size 0;
    client_body_temp_path $config;
    proxy_temp_path $config;
    fastcgi_temp_path $config;
    uwsgi_temp_path $config;
    scgi_temp_path $config;
    keepalive_requests 1000000000;
    default_type application/json;
    server {
        listen 127.0.0.1:$port;
        location / { return 200 '$answer'; }
    }
}
END
    exec nginx -p "$config" -e stderr -c "$config/nginx.conf"
    ;;
wiremock)
    mkdir -p "$config/mappings"
    cat >"$config/mappings/any.json" <<END
{"request": {"method": "POST", "urlPattern": "/face/.*"},
 "response": {"status": 200, "body": "$quoted",
              "headers": {"Content-Type": "application/json"}}}
END
    set -- "$PEERS"/node_modules/wiremock/build/wiremock-standalone-*.jar
    exec java -jar "$1" --port "$port" --bind-address 127.0.0.1 \
        --root-dir "$config" --no-request-journal --disable-banner
    ;;
mountebank)
    cat >"$config/imposters.json" <<END
{"imposters": [{"protocol": "http", "port": $port, "stubs": [{"responses": [
  {"is": {"statusCode": 200, "body": "$quoted",
          "headers": {"Content-Type": "application/json",
                      "Connection": "keep-alive"}}}]}]}]}
END
    exec node "$PEERS/node_modules/mountebank/bin/mb" start --localOnly \
        --port "$("$BUILD/bench_start" -f)" --host 127.0.0.1 \
        --configfile "$config/imposters.json" --nologfile --pidfile \
        "$config/pid"
    ;;
prism)
    reply="application/json: {schema: {type: object}, example: $answer}"
    replies="responses: {'200': {description: OK, content: {$reply}}}"
    cat >"$config/api.yaml" <<END
openapi: 3.0.3
info: {title: constant, version: '1'}
paths:
  /face/livedetectpicture:
    post: {requestBody: {content: {application/json: {}}}, $replies}
  /face/livedetectfour:
    post: {requestBody: {content: {multipart/form-data: {}}}, $replies}
END
    exec node "$PEERS/node_modules/.bin/prism" mock -h 127.0.0.1 -p "$port" \
        "$config/api.yaml"
    ;;
mockoon)
    cat >"$config/environment.json" <<END
{"uuid": "00000000-0000-4000-8000-000000000001", "lastMigration": 33,
 "name": "constant", "port": $port, "hostname": "127.0.0.1",
 "endpointPrefix": "", "latency": 0, "folders": [],
 "routes": [{"uuid": "00000000-0000-4000-8000-000000000002", "type": "http",
   "documentation": "", "method": "post", "endpoint": "face/*",
   "responses": [{"uuid": "00000000-0000-4000-8000-000000000003",
     "body": "$quoted", "latency": 0, "statusCode": 200, "label": "",
     "headers": [{"key": "Content-Type", "value": "application/json"}],
     "bodyType": "INLINE", "filePath": "", "databucketID": "",
     "sendFileAsBody": false, "rules": [], "rulesOperator": "OR",
     "disableTemplating": true, "fallbackTo404": false, "default": true,
     "crudKey": "id", "callbacks": []}],
   "responseMode": null, "streamingMode": null, "streamingInterval": 0}],
 "rootChildren": [{"type": "route",
   "uuid": "00000000-0000-4000-8000-000000000002"}],
 "proxyMode": false, "proxyHost": "", "proxyRemovePrefix": false,
 "tlsOptions": {"enabled": false, "type": "CERT", "pfxPath": "",
   "certPath": "", "keyPath": "", "caPath": "", "passphrase": ""},
 "cors": false, "headers": [], "proxyReqHeaders": [], "proxyResHeaders": [],
 "data": [], "callbacks": []}
END
    exec node "$PEERS/node_modules/.bin/mockoon-cli" start --repair \
        --data "$config/environment.json" --port "$port" \
        --hostname 127.0.0.1 --disable-log-to-file
    ;;
*)
    echo "serve.sh: unknown peer \"$name\"" >&2
    exit 2
    ;;
esac
