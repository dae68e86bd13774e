package demo.aauth.keycloak.discovery;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import org.apache.http.conn.DnsResolver;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Resolves names for outgoing connections and lets through only addresses that may be connected to. The connection is made to exactly
 * the addresses that were judged, so a name cannot change its meaning in between.
 */
final class NetworkGuard implements DnsResolver {

    /** Never reachable, in development either: this network, link-local (cloud metadata services), multicast, reserved. */
    private static final List<String> NEVER =
            List.of("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "fe80::/10", "ff00::/8");
    /** Not reachable outside development. */
    private static final List<String> PRIVATE = List.of(
            "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15",
            "::/128", "::1/128", "64:ff9b::/96", "100::/64", "fc00::/7", "fec0::/10");

    private final boolean development;
    private final List<Subnet> forbidden = new ArrayList<>();

    NetworkGuard(boolean development) {
        this.development = development;
        NEVER.forEach(cidr -> forbidden.add(Subnet.of(cidr)));
        if (!development) {
            PRIVATE.forEach(cidr -> forbidden.add(Subnet.of(cidr)));
        }
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
        return forbidden.stream().noneMatch(subnet -> subnet.contains(address));
    }

    /** Most systems know no {@code *.localhost}, although RFC 6761 gives those names to loopback. */
    private InetAddress[] lookUp(String host) throws UnknownHostException {
        if (development && host.toLowerCase(Locale.ROOT).endsWith(".localhost")) {
            return new InetAddress[] {InetAddress.getByName("127.0.0.1"), InetAddress.getByName("::1")};
        }
        return InetAddress.getAllByName(host);
    }

    /** A range of addresses. The JDK has turned an IPv4 address that is mapped into IPv6 back already. */
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
