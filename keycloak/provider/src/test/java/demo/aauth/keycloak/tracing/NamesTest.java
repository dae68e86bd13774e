package demo.aauth.keycloak.tracing;

import demo.aauth.keycloak.signing.Check;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The demo's protocol view reads the spans of this provider, so their names must be those of the
 * view.
 */
class NamesTest {

    private static String read(String file) throws IOException {
        return Files.readString(Path.of("../..", file));
    }

    @Test
    void attributesAndEventsHaveTheNamesOfTheOtherServices() throws IOException {
        String names = read("packages/aauth-explain/src/run/attribute-names.ts");
        String ours = read("keycloak/provider/src/main/java/demo/aauth/keycloak/tracing/RequestSpan.java");
        Matcher literal = Pattern.compile("(?:text|flag|key|Key|addEvent)\\(\"([a-z_.]+)\"").matcher(ours);
        Set<String> unknown = new TreeSet<>();
        int found = 0;
        for (; literal.find(); found++) {
            String name = literal.group(1);
            // An event's attributes stand in the comment above its name.
            if (!names.contains('"' + name + '"') && !names.contains('`' + name + '`')) {
                unknown.add(name);
            }
        }
        assertEquals(Set.of(), unknown);
        assertTrue(found > 20);
    }

    @Test
    void checksHaveTheNamesAndSectionsOfTheTypeScriptLibrary() throws IOException {
        String theirs = read("packages/aauth/src/february-2026/checks.ts");
        assertEquals(Pattern.compile("name: \"(.+?)\", section: \"(.+?)\"").matcher(theirs).results()
                        .map(check -> check.group(1) + ": " + check.group(2)).toList(),
                Arrays.stream(Check.values()).map(check -> check.title() + ": " + check.section()).toList());
    }
}
