package demo.aauth.keycloak.discovery;

import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.support.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.net.UnknownHostException;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class NetworkGuardTest {

    private final NetworkGuard guard = new NetworkGuard(false);
    private final NetworkGuard development = new NetworkGuard(true);

    @ParameterizedTest
    @ValueSource(strings = {"8.8.8.8", "172.15.255.255", "172.32.0.0", "100.63.255.255", "192.0.1.0", "2001:4860:4860::8888", "2003::1",
        "2001:200::1", "2620:4f:8001::1", "3fff:1000::1", "2000::1", "192.0.3.1", "192.88.98.1", "198.51.99.1", "203.0.112.1"})
    void takesPublicAddresses(String address) throws UnknownHostException {
        assertTrue(guard.allows(InetAddress.getByName(address)));
        assertTrue(development.allows(InetAddress.getByName(address)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"})
    void takesThisMachineInDevelopmentOnly(String address) throws UnknownHostException {
        assertFalse(guard.allows(InetAddress.getByName(address)));
        assertTrue(development.allows(InetAddress.getByName(address)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.1", "240.0.0.1", "255.255.255.255", "fe80::1", "ff02::1",
        "::ffff:169.254.169.254", "10.1.2.3", "100.64.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.168.1.1", "198.18.0.1",
        "198.19.255.255", "::", "100::1", "fc00::1", "fdff::1", "fec0::1", "::ffff:10.1.2.3"})
    void neverTakesPrivateOrSpecialAddresses(String address) throws UnknownHostException {
        assertFalse(guard.allows(InetAddress.getByName(address)));
        assertFalse(development.allows(InetAddress.getByName(address)));
    }

    /**
     * A16: the rest of IANA's registries of special-purpose addresses, whatever is reachable there,
     * and what is not assigned.
     */
    @ParameterizedTest
    @ValueSource(strings = {"::ffff:0:169.254.169.254", "::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8", "192.0.2.1", "192.31.196.1",
        "192.52.193.1", "192.88.99.1", "192.175.48.1", "198.51.100.1", "203.0.113.1", "100:0:0:1::1", "2001:1::1", "2001:2::1",
        "2001:3::1", "2001:4:112::1", "2001:10::1", "2001:20::1", "2001:30::1", "2001:1ff::1", "2001:db8::1", "2620:4f:8000::1",
        "3fff::1", "3fff:fff::1", "5f00::1", "4000::1", "1fff::1", "64:ff9b:2::1", "100:0:0:2::1"})
    void neverTakesAddressesOfTheRegistries(String address) throws UnknownHostException {
        assertFalse(guard.allows(InetAddress.getByName(address)));
        assertFalse(development.allows(InetAddress.getByName(address)));
    }

    /** Each leads to 169.254.169.254 or 127.0.0.1 wherever a gateway translates it. */
    @ParameterizedTest
    @ValueSource(strings = {"64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::1", "2001:0:a9fe:a9fe::1", "::169.254.169.254",
        "::127.0.0.1"})
    void neverTakesIpv4AddressesInsideIpv6(String address) throws UnknownHostException {
        assertFalse(guard.allows(InetAddress.getByName(address)));
        assertFalse(development.allows(InetAddress.getByName(address)));
    }

    /**
     * URL parsers and resolvers know more spellings of an address than the guard of the text does.
     */
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "2130706433", "127.1", "localhost"})
    void judgesWhatANameResolvesTo(String host) {
        Refusal.expect(ErrorCode.DISCOVERY_BLOCKED, () -> guard.resolve(host));
    }

    @Test
    void givesLocalhostNamesToThisMachineInDevelopment() throws UnknownHostException {
        assertEquals(InetAddress.getByName("127.0.0.1"), development.resolve("backend.localhost")[0]);
    }
}
