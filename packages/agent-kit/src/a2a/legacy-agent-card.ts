import type { AgentCard, SecurityScheme } from "@a2a-js/sdk";

/** The agent card in its 0.3 form, as plain JSON. */
export type LegacyAgentCard = Readonly<Record<string, unknown>>;

/**
 * Maps a 1.0 card to the 0.3 form. The SDK has a translator, but only behind its Express router, so the fields are
 * mapped here; a test compares the result with what the SDK's own JSON-RPC handler answers.
 *
 * Takes the first 0.3 entry of `supportedInterfaces` as the card's `url`.
 *
 * @throws {TypeError} when the card has no 0.3 interface, or a security scheme other than HTTP. Programming errors
 *   both: the plugin calls this once, at registration.
 * @example
 * toLegacyAgentCard(createAgentCard(options)).protocolVersion; // "0.3.0"
 */
export function toLegacyAgentCard(card: AgentCard): LegacyAgentCard {
  const endpoint = card.supportedInterfaces.find((entry) => entry.protocolVersion.startsWith("0.3"));
  if (!endpoint) throw new TypeError("the agent card lists no 0.3 interface");
  return withoutUndefined({
    name: card.name,
    description: card.description,
    url: endpoint.url,
    preferredTransport: endpoint.protocolBinding,
    // 0.3 cards carry the full version, 1.0 interfaces only major and minor
    protocolVersion: endpoint.protocolVersion === "0.3" ? "0.3.0" : endpoint.protocolVersion,
    version: card.version,
    provider: card.provider,
    documentationUrl: card.documentationUrl,
    iconUrl: card.iconUrl,
    capabilities: withoutUndefined({
      streaming: card.capabilities?.streaming,
      pushNotifications: card.capabilities?.pushNotifications,
    }),
    securitySchemes: nonEmpty(
      Object.fromEntries(
        Object.entries(card.securitySchemes).map(([name, scheme]) => [name, toLegacySecurityScheme(scheme)]),
      ),
    ),
    security: nonEmpty(
      card.securityRequirements.map(({ schemes }) =>
        Object.fromEntries(Object.entries(schemes).map(([name, scopes]) => [name, scopes.list])),
      ),
    ),
    defaultInputModes: card.defaultInputModes,
    defaultOutputModes: card.defaultOutputModes,
    skills: card.skills.map(({ securityRequirements: _, ...skill }) => skill),
    supportsAuthenticatedExtendedCard: card.capabilities?.extendedAgentCard,
  });
}

function toLegacySecurityScheme({ scheme }: SecurityScheme): Record<string, unknown> {
  if (scheme?.$case !== "httpAuthSecurityScheme")
    throw new TypeError("only HTTP security schemes are mapped to 0.3");
  return { type: "http", ...scheme.value };
}

function nonEmpty<T extends object>(value: T): T | undefined {
  return Object.keys(value).length > 0 ? value : undefined;
}

function withoutUndefined(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
