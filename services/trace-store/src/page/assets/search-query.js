/** Seconds in each unit of Jaeger's `lookback`. */
const UNITS = { "": 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const DEFAULT_LOOKBACK_SECONDS = 172_800;
/** Some thirty years. */
const LONGEST_LOOKBACK_SECONDS = 1e9;
const DEFAULT_LIMIT = 20;
/** As the query API reads it. */
const DURATION = /^(?:0|(?:\d+(?:\.\d+)?(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)$/;

/**
 * Reads the search out of an address, the page's own or one made for Jaeger's. What cannot be read is a problem and not left out: a
 * condition that is dropped in silence finds what was not looked for.
 *
 * @param {URLSearchParams} parameters
 * @returns the conditions, and problems, each with the name of its parameter and a sentence
 */
export function readSearch(parameters) {
  const problems = [];
  const read = (name, reader, whenWrong) => {
    try {
      return reader((parameters.get(name) ?? "").trim());
    } catch (error) {
      problems.push({ name, message: error.message });
      return whenWrong;
    }
  };
  for (const name of ["tag", "maxDuration"]) {
    if (!parameters.get(name)) continue;
    problems.push({ name, message: `This page does not search by ${name}; /api/traces does.` });
  }
  return {
    service: parameters.get("service") ?? "",
    operation: parameters.get("operation") ?? "",
    tags: read("tags", parseTags, {}),
    minDuration: read("minDuration", parseDuration, ""),
    lookbackSeconds: read("lookback", parseLookback, DEFAULT_LOOKBACK_SECONDS),
    limit: read("limit", parseLimit, DEFAULT_LIMIT),
    problems,
  };
}

/** `key=value key2="a b"`, or Jaeger's `{"key":"value"}` */
function parseTags(text) {
  if (text.startsWith("{")) return parseJsonTags(text);
  const tags = [];
  const wrong = [];
  for (const [word, key, quoted, bare] of text.matchAll(/([^\s=]+)=(?:"([^"]*)"(?!\S)|(\S*))|\S+/g)) {
    if (key === undefined) wrong.push(word);
    else tags.push([key, quoted ?? bare]);
  }
  if (wrong.length > 0) {
    throw new Error(
      `Tags: ${wrong.join(" ")} is not of the form key=value, key="two words" or {"key":"value"}.`,
    );
  }
  return Object.fromEntries(tags);
}

function parseJsonTags(text) {
  let tags;
  try {
    tags = JSON.parse(text);
  } catch {
    // said below
  }
  const plain = ["string", "number", "boolean"];
  if (tags === undefined || Object.values(tags).some((value) => !plain.includes(typeof value))) {
    throw new Error(`Tags: ${text} is no JSON of the form {"key":"value"}.`);
  }
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, String(value)]));
}

function parseDuration(text) {
  if (text === "" || DURATION.test(text)) return text;
  throw new Error(`At least: ${text} is no duration such as 1.2s, 100ms or 500us.`);
}

function parseLookback(text) {
  if (text === "") return DEFAULT_LOOKBACK_SECONDS;
  const [, amount, unit] = /^(\d{1,9})([smhdw]?)$/.exec(text) ?? [];
  const seconds = Number(amount) * UNITS[unit];
  if (seconds > 0 && seconds <= LONGEST_LOOKBACK_SECONDS) return seconds;
  throw new Error(`Within the last: ${text} is no time such as 900 (seconds), 15m, 6h or 2d.`);
}

function parseLimit(text) {
  if (text === "") return DEFAULT_LIMIT;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Error(`At most: ${text} is no whole number from 1 up.`);
}
