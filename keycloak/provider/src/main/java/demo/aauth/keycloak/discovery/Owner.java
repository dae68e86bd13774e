package demo.aauth.keycloak.discovery;

import com.google.common.net.InternetDomainName;
import demo.aauth.keycloak.encoding.HttpUrl;

/**
 * The party accountable for a host name. Quotas are per owner, because one wildcard record in DNS
 * creates any number of hosts.
 */
public final class Owner {

    private Owner() {
    }

    /**
     * The registrable domain by the public suffix list, private section included, so that tenants
     * of a hosting provider are separate owners. An address, a single label and a bare public
     * suffix are their own owners; a name below an unknown top-level name, such as
     * {@code *.localhost}, belongs to its last two labels. Of IPv6 addresses only {@code [::1]} is
     * ever fetched from.
     *
     * @param id a URL, of which only the host matters
     * @return lower case; empty for a string that is not a URL
     */
    public static String of(String id) {
        HttpUrl url = HttpUrl.parse(id).orElse(null);
        if (url == null || url.isAddress()) {
            return url == null ? "" : url.host();
        }
        String host = url.host().endsWith(".") ? url.host().substring(0, url.host().length() - 1) : url.host();
        if (!InternetDomainName.isValid(host)) {
            return lastTwoLabels(host);
        }
        InternetDomainName name = InternetDomainName.from(host);
        if (name.isPublicSuffix()) {
            return host;
        }
        return name.isUnderPublicSuffix() ? name.topPrivateDomain().toString() : lastTwoLabels(host);
    }

    private static String lastTwoLabels(String host) {
        int before = host.lastIndexOf('.', host.lastIndexOf('.') - 1);
        return host.substring(before + 1);
    }
}
