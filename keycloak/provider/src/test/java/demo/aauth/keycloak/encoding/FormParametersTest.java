package demo.aauth.keycloak.encoding;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

class FormParametersTest {

    private static FormParameters parse(String body) {
        return FormParameters.parse(body.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void decodes() {
        FormParameters form = parse("a=1+2%20%C3%A9&b=&c&=d&&e=f=g&%61%62=x");
        assertEquals("1 2 é", form.get("a"));
        assertNull(form.get("b"));
        assertTrue(form.has("b"));
        assertTrue(form.has("c"));
        assertEquals("d", form.get(""));
        assertEquals("f=g", form.get("e"));
        assertEquals("x", form.get("ab"));
        assertNull(form.get("nothing"));
        assertFalse(form.has("nothing"));
    }

    @Test
    void leavesAPercentSignThatIsNoneAlone() {
        assertEquals("100% %zz %4", parse("a=100%+%zz+%4").get("a"));
    }

    @Test
    void namesWhatIsGivenTwice() {
        assertEquals(Optional.of("b"), parse("a=1&b=1&b=1").duplicate());
        assertEquals(Optional.empty(), parse("a=1&b=1").duplicate());
        assertEquals(Optional.of("scope"), parse("scope=a&sc%6Fpe=b").duplicate());
    }
}
