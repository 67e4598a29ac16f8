# What the vendor's SDK for Python sends: every field of a form has a filename,
# texts too, since all of them are handed to requests as files.
#   mockserver exec -- python3 conformance/clients/dialects/client.py [BASE_URL]
import base64
import hashlib
import hmac
import os
import random
import sys
import time

import requests

base_url = (sys.argv + ['https://recognition.image.myqcloud.com'])[1]
fixtures = os.path.dirname(os.path.abspath(__file__)) + '/../../../fixtures/'
appid = os.environ['LIVEDETECT_APPID']
bucket = os.environ['LIVEDETECT_BUCKET']


def sign():
    now = int(time.time())
    text = (f'a={appid}&b={bucket}&k={os.environ["LIVEDETECT_SECRET_ID"]}'
            f'&e={now + 30}&t={now}&r={random.randint(0, 999999999)}&f=').encode()
    key = os.environ['LIVEDETECT_SECRET_KEY'].encode()
    return base64.b64encode(hmac.new(key, text, hashlib.sha1).digest() + text)


def media(name):
    return name, open(fixtures + name, 'rb')


def post(endpoint, **fields):
    reply = requests.post(
        f'{base_url}/face/{endpoint}',
        headers={'Host': base_url.split('/')[2], 'Authorization': sign(),
                 'User-Agent': f'CIPythonSDK/2.0.0 (Linux) User({appid})'},
        files={'appid': appid, 'bucket': bucket, **fields}, timeout=20)
    print(reply.text)


def four(**more):
    post('livedetectfour', validate_data='9532',
         video=media('media/talking.mp4'), card=media('media/face.jpg'),
         compare_flag='true', **more)


four()
post('livedetectpicture', image=media('media/photo.jpg'))
four(seq='mock-fault:-5007')
post('livedetectpicture', image=media('faults/photo.-4015.jpg'))
