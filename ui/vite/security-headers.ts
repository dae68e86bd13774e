import type { UiSettings } from "./read-settings.ts";

/**
 * Sent with every response of the built page. It may connect only to its configured backend, auth
 * server, collector and launcher.
 */
export function securityHeaders(browser: UiSettings["browser"]): Record<string, string> {
  const reachable = [
    ...new Set(
      [browser.backendUrl, browser.authServerUrl, browser.otlpUrl, browser.launcherUrl].flatMap((url) =>
        url === undefined ? [] : [new URL(url).origin],
      ),
    ),
  ];
  return {
    // Mantine writes its colour variables and component sizes into style elements and attributes.
    "content-security-policy": [
      "default-src 'self'",
      `connect-src 'self' ${reachable.join(" ")}`,
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data:",
      "object-src 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };
}
