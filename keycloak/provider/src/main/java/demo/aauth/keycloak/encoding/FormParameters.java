package demo.aauth.keycloak.encoding;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A body of {@code application/x-www-form-urlencoded}, read from the bytes that the signature
 * covers. As in the URL standard, nothing is malformed: a percent sign without two hexadecimal
 * digits is literal.
 */
public final class FormParameters {

    private final Map<String, List<String>> values = new LinkedHashMap<>();

    private FormParameters() {
    }

    public static FormParameters parse(byte[] body) {
        FormParameters form = new FormParameters();
        for (String pair : new String(body, StandardCharsets.UTF_8).split("&")) {
            if (pair.isEmpty()) {
                continue;
            }
            int equals = pair.indexOf('=');
            String name = equals < 0 ? pair : pair.substring(0, equals);
            String value = equals < 0 ? "" : pair.substring(equals + 1);
            form.values.computeIfAbsent(decode(name), key -> new ArrayList<>()).add(decode(value));
        }
        return form;
    }

    /** The value, or null if absent or empty. */
    public String get(String name) {
        List<String> all = values.get(name);
        String value = all == null ? "" : all.get(all.size() - 1);
        return value.isEmpty() ? null : value;
    }

    /** Whether the parameter is present, even if empty. */
    public boolean has(String name) {
        return values.containsKey(name);
    }

    /** The first parameter that is given more than once. */
    public Optional<String> duplicate() {
        return values.entrySet().stream().filter(entry -> entry.getValue().size() > 1).map(Map.Entry::getKey).findFirst();
    }

    private static String decode(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length());
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        for (int index = 0; index < encoded.length; index++) {
            int high = encoded[index] == '%' && index + 2 < encoded.length ? Character.digit(encoded[index + 1], 16) : -1;
            int low = high < 0 ? -1 : Character.digit(encoded[index + 2], 16);
            if (low >= 0) {
                bytes.write(high << 4 | low);
                index += 2;
            } else {
                bytes.write(encoded[index] == '+' ? ' ' : encoded[index]);
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
