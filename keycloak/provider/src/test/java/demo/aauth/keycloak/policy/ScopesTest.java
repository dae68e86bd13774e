package demo.aauth.keycloak.policy;

import demo.aauth.keycloak.support.SmallStack;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.stream.Collectors;
import java.util.stream.IntStream;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ScopesTest {

    @Test
    void areAllThatMayBeInOne() throws InterruptedException {
        String word = IntStream.rangeClosed(0x21, 0x7e).filter(character -> character != '"' && character != '\\')
                .mapToObj(Character::toString).collect(Collectors.joining());
        assertTrue(Scopes.isList(word));
        assertTrue(Scopes.isList("a b:c " + word));
        SmallStack.run(() -> assertTrue(Scopes.isList("a" + " a".repeat(1_023))));
        assertTrue(Scopes.isList("x".repeat(2_048)));
        assertFalse(Scopes.isList("x".repeat(2_049)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " a", "a ", "a  b", " ", "a\tb", "a\nb", "a\"b", "a\\b", "a\u202eb", "a\u200bb", "a\u00a0b", "\u00e9", "\u007f"})
    void areNothingElse(String scope) {
        assertFalse(Scopes.isList(scope));
    }
}
