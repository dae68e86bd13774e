package demo.aauth.keycloak.consent;

import org.junit.jupiter.api.Test;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

import static org.junit.jupiter.api.Assertions.assertEquals;

class ConsentRedirectTest {

    @Test
    void addsTheAnswer() {
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("code", "a b&c");
        parameters.put("state", "{x}=é");
        assertEquals("https://agent.example/cb?code=a+b%26c&state=%7Bx%7D%3D%C3%A9",
                ConsentRedirect.to("https://agent.example/cb", parameters).toString());
    }

    @Test
    void keepsWhatTheAddressHasButNotUnderTheSameName() {
        assertEquals("https://agent.example/cb?a=1&b&code=new",
                ConsentRedirect.to("https://agent.example/cb?a=1&code=old&b&c%6Fde=x", Map.of("code", "new")).toString());
    }

    @Test
    void restrictsWhereTheFormLeads() {
        assertEquals("frame-ancestors 'self'; form-action 'self' https://agent.example;",
                ConsentPageHeaders.restrictForm("frame-ancestors 'self';", Set.of("https://agent.example")));
        assertEquals("a; form-action 'self' https://agent.example;", ConsentPageHeaders.restrictForm("a", Set.of("https://agent.example")));
        assertEquals("form-action 'none';", ConsentPageHeaders.restrictForm("form-action 'none';", Set.of("https://agent.example")));
    }
}
