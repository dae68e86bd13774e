package demo.aauth.keycloak.discovery;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import org.apache.http.conn.DnsResolver;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Resolves names for outgoing connections and returns only allowed addresses. The connection uses
 * exactly the checked addresses, so a name cannot resolve differently in between.
 */
final class NetworkGuard implements DnsResolver {

    /**
     * The range assigned to global unicast. Other prefixes that lead to IPv4 addresses
     * (IPv4-translated, NAT64) are outside it.
     */
    private static final Subnet GLOBAL_IPV6 = Subnet.of("2000::/3");

    /**
     * Never allowed, except loopback in development: all of IANA's special-purpose address
     * registries, even globally reachable parts, and multicast. The JDK has already converted
     * IPv4-mapped IPv6 addresses.
     */
    private static final List<Subnet> FORBIDDEN = Stream.of(
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
            "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            // Protocol assignments with Teredo, documentation, 6to4, AS112, documentation.
            "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20").map(Subnet::of).toList();

    private final boolean development;

    NetworkGuard(boolean development) {
        this.development = development;
    }

    @Override
    public InetAddress[] resolve(String host) throws UnknownHostException {
        InetAddress[] addresses = lookUp(host);
        for (InetAddress address : addresses) {
            if (!allows(address)) {
                throw new AAuthException(ErrorCode.DISCOVERY_BLOCKED, "address refused: it resolves to a forbidden network");
            }
        }
        return addresses;
    }

    boolean allows(InetAddress address) {
        if (development && address.isLoopbackAddress()) {
            return true;
        }
        return (address instanceof Inet4Address || GLOBAL_IPV6.contains(address))
                && FORBIDDEN.stream().noneMatch(subnet -> subnet.contains(address));
    }

    /**
     * Most systems do not resolve {@code *.localhost}, although RFC 6761 assigns those names to
     * loopback.
     */
    private InetAddress[] lookUp(String host) throws UnknownHostException {
        if (development && host.toLowerCase(Locale.ROOT).endsWith(".localhost")) {
            return new InetAddress[] {InetAddress.getByName("127.0.0.1"), InetAddress.getByName("::1")};
        }
        return InetAddress.getAllByName(host);
    }

    /** A range of addresses. */
    private record Subnet(byte[] prefix, int bits) {

        static Subnet of(String cidr) {
            String[] parts = cidr.split("/");
            try {
                return new Subnet(InetAddress.getByName(parts[0]).getAddress(), Integer.parseInt(parts[1]));
            } catch (UnknownHostException impossible) {
                throw new IllegalStateException(impossible);
            }
        }

        boolean contains(InetAddress address) {
            byte[] bytes = address.getAddress();
            if (bytes.length != prefix.length) {
                return false;
            }
            for (int bit = 0; bit < bits; bit++) {
                int mask = 0x80 >> bit % 8;
                if ((bytes[bit / 8] & mask) != (prefix[bit / 8] & mask)) {
                    return false;
                }
            }
            return true;
        }
    }
}
