/** A policy file with rules on one of its two routes, as JSON (which is YAML). */
export function policyFile(
  rules: readonly unknown[] | undefined,
  options: {
    mode?: string;
    scheme?: string;
    check?: boolean;
    /** CEL in place of `mode`. */
    modeExpression?: string;
    /** `x-aauth-profiles`, and CEL of `x-aauth-required-level`. */
    profiles?: string;
    level?: string;
  } = {},
): string {
  const { mode = "optional", scheme = "jwks", check = true, profiles, level, modeExpression } = options;
  const extAuthz = (authority: string) => ({
    host: "127.0.0.1:7070",
    failureMode: { denyWithStatus: 503 },
    protocol: {
      http: {
        path: '"/check"',
        addRequestHeaders: {
          ":method": '"POST"',
          "x-aauth-mode": modeExpression ?? JSON.stringify(mode),
          "x-aauth-required-scheme": JSON.stringify(scheme),
          "x-aauth-authority": JSON.stringify(authority),
          ...(profiles !== undefined && { "x-aauth-profiles": JSON.stringify(profiles) }),
          ...(level !== undefined && { "x-aauth-required-level": level }),
        },
        metadata: { aauth: 'json(response.headers["x-aauth-claims"])' },
      },
    },
  });
  const listener = (name: string, policies: object) => ({
    name,
    hostname: `${name}.localhost`,
    routes: [{ name, policies, backends: [{ host: "127.0.0.1:9999" }] }],
  });
  return JSON.stringify({
    binds: [
      {
        port: 3000,
        listeners: [
          listener("agent", {
            ...(check && { extAuthz: extAuthz("agent.localhost:3000") }),
            ...(rules && { authorization: { rules } }),
          }),
          listener("other", { extAuthz: extAuthz("other.localhost:3000") }),
        ],
      },
    ],
  });
}
