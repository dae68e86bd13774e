package demo.aauth.keycloak.consent;

import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * URL for a person after the decision: the verified address, with parameters that replace any of
 * the same name.
 */
final class ConsentRedirect {

    private ConsentRedirect() {
    }

    static URI to(String redirectUri, Map<String, String> parameters) {
        int mark = redirectUri.indexOf('?');
        String address = mark < 0 ? redirectUri : redirectUri.substring(0, mark);
        Stream<String> kept = mark < 0 ? Stream.empty() : Arrays.stream(redirectUri.substring(mark + 1).split("&"));
        Stream<String> own = kept.filter(pair -> !pair.isEmpty() && !parameters.containsKey(name(pair)));
        Stream<String> added = parameters.entrySet().stream().map(entry -> encode(entry.getKey()) + "=" + encode(entry.getValue()));
        return URI.create(address + "?" + Stream.concat(own, added).collect(Collectors.joining("&")));
    }

    private static String name(String pair) {
        return URLDecoder.decode(pair.split("=", 2)[0], StandardCharsets.UTF_8);
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
