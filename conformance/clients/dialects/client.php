<?php
// What the vendor's SDK for PHP sends: the video as a plain field, when it is
// handed over as bytes, and the photo in Base64 in JSON. PHP has libcurl find
// the CA by an ini setting. The SDK turns off a proxy of the environment, and
// takes one by setProxy().
//   mockserver exec -- sh -c 'php -d curl.cainfo="$LIVEDETECT_CA_FILE" \
//       conformance/clients/dialects/client.php [BASE_URL]'
$base_url = $argv[1] ?? 'https://recognition.image.myqcloud.com';
$fixtures = __DIR__ . '/../../../fixtures/';

function sign()
{
    $now = time();
    $text = 'a=' . getenv('LIVEDETECT_APPID') . '&b=' . getenv('LIVEDETECT_BUCKET')
        . '&k=' . getenv('LIVEDETECT_SECRET_ID') . '&e=' . ($now + 30)
        . "&t=$now&r=" . rand() . '&f=';
    $digest = hash_hmac('SHA1', $text, getenv('LIVEDETECT_SECRET_KEY'), true);
    return base64_encode($digest . $text);
}

// $data: an array goes as a form, a string as it is.
function post($endpoint, $data, $headers = [])
{
    global $base_url;
    $appid = getenv('LIVEDETECT_APPID');
    $curl = curl_init("$base_url/face/$endpoint");
    curl_setopt($curl, CURLOPT_HTTPHEADER, [
        'Host:' . parse_url($base_url, PHP_URL_HOST),
        'Authorization:' . sign(),
        'User-Agent:CIPhpSDK/2.0.0 (' . php_uname() . ") User($appid)",
        ...$headers, 'Connection: keep-alive', 'Expect: ',
    ]);
    curl_setopt($curl, CURLOPT_PROXY, getenv('https_proxy'));
    curl_setopt($curl, CURLOPT_CUSTOMREQUEST, 'POST');
    curl_setopt($curl, CURLOPT_POSTFIELDS, $data);
    curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($curl, CURLOPT_TIMEOUT, 20);
    $reply = curl_exec($curl);
    echo $reply === false ? curl_error($curl) : $reply, "\n";
}

function params()
{
    return ['appid' => getenv('LIVEDETECT_APPID'), 'bucket' => getenv('LIVEDETECT_BUCKET')];
}

function four($more = [])
{
    global $fixtures;
    post('livedetectfour', params() + [
        'validate_data' => '9532',
        'video' => file_get_contents("$fixtures/media/talking.mp4"),
        'card' => curl_file_create(realpath("$fixtures/media/face.jpg")),
        'compare_flag' => 'true',
    ] + $more);
}

function picture($name)
{
    global $fixtures;
    $image = base64_encode(file_get_contents("$fixtures/$name"));
    post('livedetectpicture', json_encode(params() + ['image' => $image]),
        ['Content-Type:application/json']);
}

four();
picture('media/photo.jpg');
four(['seq' => 'mock-fault:-5007']);
picture('faults/photo.-4015.jpg');
