package demo.aauth.keycloak.consent;

import org.junit.jupiter.api.Test;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;

class ConsentMemoryTest {

    private static Map<String, String> notes(int count) {
        Map<String, String> notes = new HashMap<>(Map.of("other", "1:read"));
        for (int index = 0; index < count; index++) {
            notes.put("aauth.consent." + index, (1_000 + index) + ":read");
        }
        return notes;
    }

    @Test
    void oneSessionRemembersSoManyAgentsAtResourcesAndForgetsTheOldest() {
        assertEquals(List.of(), ConsentMemory.pushedOutBy("aauth.consent.new", notes(ConsentMemory.MAX_NOTES - 1)));
        assertEquals(List.of("aauth.consent.0"), ConsentMemory.pushedOutBy("aauth.consent.new", notes(ConsentMemory.MAX_NOTES)));
    }

    @Test
    void aNoteThatIsThereAlreadyPushesNothingOut() {
        assertEquals(List.of(), ConsentMemory.pushedOutBy("aauth.consent.0", notes(ConsentMemory.MAX_NOTES)));
    }
}
