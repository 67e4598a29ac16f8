// The vendor's SDK for Node behind the lines of docs/client-protocol.md.
//
// The SDK is used as it is: nothing here retries, checks a size, limits the
// time or decodes a photo for it. README.md tells what that comes to.
'use strict';

const fs = require('fs');
const readline = require('readline');
const { ImageClient } = require('image-node-sdk');
const sdk = require('image-node-sdk/package.json');

// No `bucket`: its signature has none. No `attempts`: it reports none.
const FEATURES = ['livedetectfour', 'livedetectpicture.json',
    'livedetectpicture.multipart', 'livegetfour', 'seq', 'https', 'timeout'];

function say(line) {
    process.stdout.write(JSON.stringify(line) + '\n');
}

// The object without the members that are not given.
function given(object) {
    return Object.fromEntries(Object.entries(object).filter(
        ([, value]) => value !== undefined && value !== null));
}

function stream(file) {
    return file && fs.createReadStream(file.path);
}

function form(fields) {
    return {
        formData: given(fields),
        headers: { 'content-type': 'multipart/form-data' }
    };
}

// Does what a caller of the SDK does; a promise of the reply.
function perform(call) {
    const { appid, secret_id, secret_key } = call.credentials;
    const base = new URL(call.base_url);
    const client = new ImageClient({
        AppId: appid, SecretId: secret_id, SecretKey: secret_key
    });
    const { params, files = {} } = call;
    // `request` takes these; null: no proxy of the environment.
    const options = given({
        timeout: call.timeout_ms,
        ca: call.ca_file ? fs.readFileSync(call.ca_file) : undefined
    });
    options.proxy = null;
    // Without this the SDK takes any certificate.
    const careful = { rejectUnauthorized: true };

    client.setHost(base.host).setProtocol(base.protocol);
    switch (call.endpoint) {
    case 'livedetectfour':
        return client.faceLiveDetectFour({ ...careful, ...form({
            validate_data: params.validate_data,
            video: stream(files.video),
            // A form takes strings: a boolean throws.
            compare_flag: params.compare_flag === undefined ?
                undefined : String(params.compare_flag),
            card: stream(files.card),
            seq: params.seq
        }) }, options);
    case 'livedetectpicture':
        return client.faceLiveDetectPic({ ...careful, ...(files.image ?
            form({ image: stream(files.image), url: params.url, seq: params.seq }) :
            { data: given({ url: params.url, seq: params.seq }) }) }, options);
    case 'livegetfour':
        return client.faceLiveGetFour(
            { ...careful, data: given({ seq: params.seq }) }, options);
    default:
        return undefined;
    }
}

// The SDK resolves with whatever came; its caller parses the body.
function outcomeOfReply(response) {
    let body;
    try {
        body = JSON.parse(response.body);
    } catch (error) {
        body = null;
    }
    if (body === null || !Number.isInteger(body.code) ||
        typeof body.message !== 'string')
        return { kind: 'transport', class: 'bad_response' };
    return {
        kind: 'api', http: response.statusCode, code: body.code,
        message: body.message, data: body.data === null ? undefined : body.data
    };
}

const CLASSES = [
    [/^E(SOCKET)?TIMEDOUT$/, 'timeout'],
    [/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/, 'refused'],
    [/^(ECONNRESET|EPIPE)$/, 'reset'],
    [/CERT|^ERR_TLS|^ERR_SSL|^EPROTO$|^UNABLE_TO/, 'tls']
];

function classOf(error) {
    // A reply that breaks off; its code is ECONNRESET, too.
    if (error.message === 'aborted')
        return 'truncated';
    const known = CLASSES.find(([pattern]) => pattern.test(error.code));
    return known ? known[1] : 'bad_response';
}

function outcomeOfError(error) {
    return {
        kind: 'transport', class: classOf(error), message: String(error.message)
    };
}

async function answer(call) {
    const { id } = call;
    if (call.credentials.bucket)
        return { id, skipped: true, message: 'the SDK signs no bucket' };
    let reply;
    try {
        reply = perform(call);
    } catch (error) {
        return { id, errored: true, message: String(error.stack) };
    }
    if (!reply)
        return { id, skipped: true, message: 'the SDK has no such call' };
    return { id, outcome: await reply.then(outcomeOfReply, outcomeOfError) };
}

async function main() {
    for await (const text of readline.createInterface({ input: process.stdin })) {
        const line = JSON.parse(text);
        if (line.type === 'start') {
            say({
                type: 'started', protocol: 1, features: FEATURES,
                client: { name: sdk.name, version: sdk.version, language: 'JavaScript' }
            });
        } else if (line.type === 'call') {
            say(await answer(line));
        } else if (line.type === 'stop') {
            break;
        }
    }
    // Connections that are kept alive would keep the process, too.
    process.exit(0);
}

main();
