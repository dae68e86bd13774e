/** Functions this gateway runs: those that Agentgateway and the CEL library both have, plus `json`, with the same meaning in both. */
export const EMULATED_FUNCTIONS: ReadonlySet<string> = new Set(
  `all bytes contains double duration endsWith exists exists_one filter getDate getDayOfMonth getDayOfWeek getDayOfYear
  getFullYear getHours getMilliseconds getMinutes getMonth getSeconds has indexOf int join json lastIndexOf lowerAscii map matches
  size split startsWith string substring timestamp trim upperAscii`.split(/\s+/),
);

/** Functions that only Agentgateway has (its published function table). Named so that the refusal can say so. */
export const UPSTREAM_FUNCTIONS: ReadonlySet<string> = new Set(
  `abs bitAnd bitNot bitOr bitShiftLeft bitShiftRight bitXor ceil charAt cidr coalesce containsCIDR containsIP cookie decode default
  encode fail family filterKeys flatten flattenRecursive floor greatest ip isFinite isGlobalUnicast isIP isInf
  isLinkLocalMulticast isLinkLocalUnicast isLoopback isNaN isUnspecified least mapValues masked max merge min prefixLength random
  raw redacted regexReplace replace round sign sqrt stripPrefix stripSuffix toJson trunc uint unvalidatedJwtPayload uuid variables
  with`.split(/\s+/),
);

/** Variables an expression may start from, and the fields known below the ones with a fixed shape. */
export const EMULATED_ROOTS: Readonly<Record<string, ReadonlySet<string> | "any">> = {
  request: new Set(["method", "uri", "host", "scheme", "path", "pathAndQuery", "version", "headers"]),
  response: new Set(["code", "headers"]),
  source: new Set(["address", "port"]),
  extauthz: "any",
  jwt: "any",
};

/** Variables and fields that only Agentgateway has. Bodies are among them: they would force it to buffer what should stream. */
export const UPSTREAM_ROOTS: ReadonlySet<string> = new Set(
  "apiKey backend basicAuth destination env extproc llm mcp metadata proxy".split(" "),
);
export const UPSTREAM_FIELDS: ReadonlySet<string> = new Set([
  "request.body",
  "request.startTime",
  "request.endTime",
  "response.body",
  "source.identity",
  "source.issuer",
  "source.subject",
  "source.subjectAltNames",
  "source.subjectCn",
]);
