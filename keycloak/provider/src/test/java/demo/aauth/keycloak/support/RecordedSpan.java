package demo.aauth.keycloak.support;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A span whose content can be looked at. */
public final class RecordedSpan {

    public final Map<String, Object> attributes = new LinkedHashMap<>();
    /** Names, in order. */
    public final List<String> events = new ArrayList<>();
    public String status;
    public boolean recording = true;

    public Span span() {
        return (Span) Proxy.newProxyInstance(RecordedSpan.class.getClassLoader(), new Class<?>[] {Span.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "isRecording" -> recording;
                    case "setAttribute" -> {
                        Object value = arguments[1];
                        attributes.put(((AttributeKey<?>) arguments[0]).getKey(), value);
                        yield proxy;
                    }
                    case "addEvent" -> {
                        events.add((String) arguments[0]);
                        yield proxy;
                    }
                    case "setStatus" -> {
                        status = arguments[0] + ": " + arguments[1];
                        yield proxy;
                    }
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }
}
