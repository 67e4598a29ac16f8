// The vendor's SDK for Node itself, as npm has it. Hosts and https are its own,
// and it finds the server by the environment alone. Accounts with buckets are
// beyond it: it signs none.
//   make node-client
//   NODE_PATH=build/node-client/node_modules mockserver exec --accounts FILE -- \
//       node conformance/clients/dialects/client.js
'use strict';

const fs = require('fs');
const path = require('path');
const { ImageClient } = require('image-node-sdk');

const client = new ImageClient({
    AppId: process.env.LIVEDETECT_APPID,
    SecretId: process.env.LIVEDETECT_SECRET_ID,
    SecretKey: process.env.LIVEDETECT_SECRET_KEY
});

function media(name) {
    return fs.createReadStream(path.join(__dirname, '../../../fixtures', name));
}

// Without rejectUnauthorized the SDK takes any certificate.
function form(formData) {
    return {
        rejectUnauthorized: true, formData,
        headers: { 'content-type': 'multipart/form-data' }
    };
}

function four(more) {
    return client.faceLiveDetectFour(form({
        validate_data: '9532', video: media('media/talking.mp4'),
        compare_flag: 'true', card: media('media/face.jpg'), ...more
    }));
}

function picture(name) {
    return client.faceLiveDetectPic(form({ image: media(name) }));
}

async function main() {
    console.log((await four()).body);
    console.log((await picture('media/photo.jpg')).body);
    console.log((await four({ seq: 'mock-fault:-5007' })).body);
    console.log((await picture('faults/photo.-4015.jpg')).body);
}

main().catch(error => {
    console.error(error);
    process.exit(1);
});
