// What the vendor's SDK for Java sends, by OkHttp: a Content-Length in each part
// of a form, files without a filename and all of them as image/jpg, and a
// signature with t before e. Java finds the proxy and the CA by properties.
//   mockserver exec --java-truststore trust.p12 -- sh -c '
//       java -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort="${LIVEDETECT_URL##*:}" \
//           -Djavax.net.ssl.trustStore=trust.p12 \
//           -Djavax.net.ssl.trustStorePassword=changeit \
//           -cp /usr/share/java/okhttp.jar:/usr/share/java/okio.jar \
//           conformance/clients/dialects/Client.java [BASE_URL]'
import java.io.File;
import java.io.IOException;
import java.util.Base64;
import java.util.Random;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.MultipartBody;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

public class Client {
    static final String FIXTURES = System.getProperty("fixtures", "fixtures") + "/";
    static final OkHttpClient http = new OkHttpClient();
    static String baseUrl = "https://recognition.image.myqcloud.com";

    static String env(String name) {
        return System.getenv("LIVEDETECT_" + name);
    }

    static String sign() throws Exception {
        long now = System.currentTimeMillis() / 1000;
        String text = String.format("a=%s&b=%s&k=%s&t=%d&e=%d&r=%d&f=", env("APPID"),
            env("BUCKET"), env("SECRET_ID"), now, now + 100, Math.abs(new Random().nextInt()));
        Mac mac = Mac.getInstance("HmacSHA1");
        mac.init(new SecretKeySpec(env("SECRET_KEY").getBytes(), "HmacSHA1"));
        byte[] digest = mac.doFinal(text.getBytes());
        byte[] both = new byte[digest.length + text.length()];
        System.arraycopy(digest, 0, both, 0, digest.length);
        System.arraycopy(text.getBytes(), 0, both, digest.length, text.length());
        return Base64.getEncoder().encodeToString(both);
    }

    static MultipartBody.Builder form() {
        return new MultipartBody.Builder().setType(MultipartBody.FORM)
            .addFormDataPart("appid", env("APPID"));
    }

    static void addFile(MultipartBody.Builder form, String name, String path) {
        form.addPart(
            Headers.of("Content-Disposition", "form-data; name=\"" + name + "\""),
            RequestBody.create(MediaType.parse("image/jpg"), new File(FIXTURES + path)));
    }

    static void post(String endpoint, MultipartBody.Builder form) throws Exception {
        Request request = new Request.Builder().url(baseUrl + "/face/" + endpoint)
            .post(form.build()).addHeader("Authorization", sign())
            .addHeader("User-Agent", "qcloud-image-java-sdk").build();
        try (Response response = http.newCall(request).execute()) {
            System.out.println(response.body().string());
        }
    }

    static void four(String seq) throws Exception {
        MultipartBody.Builder form = form().addFormDataPart("bucket", env("BUCKET"))
            .addFormDataPart("validate_data", "9532").addFormDataPart("compare_flag", "true");
        if (seq != null)
            form.addFormDataPart("seq", seq);
        addFile(form, "video", "media/talking.mp4");
        addFile(form, "card", "media/face.jpg");
        post("livedetectfour", form);
    }

    static void picture(String path) throws Exception {
        MultipartBody.Builder form = form();
        addFile(form, "image", path);
        post("livedetectpicture", form);
    }

    public static void main(String[] args) throws Exception {
        if (args.length > 0)
            baseUrl = args[0];
        four(null);
        picture("media/photo.jpg");
        four("mock-fault:-5007");
        picture("faults/photo.-4015.jpg");
        http.connectionPool().evictAll(); // else they keep the JVM for minutes
        http.dispatcher().executorService().shutdown();
    }
}
