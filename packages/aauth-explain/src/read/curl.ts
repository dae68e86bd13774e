import type { MessageToExplain } from "../message.ts";
import { collectHeaders, type HeaderLine, readHeaderLine } from "./http-parts.ts";
import { InputError } from "./input-error.ts";
import { shellWords } from "./shell-words.ts";

const IGNORED = new Set(
  "-s -S -sS -v -i -k -L -f --silent --show-error --verbose --include --insecure --location --compressed --fail --http1.1 --http2".split(
    " ",
  ),
);
const IGNORED_WITH_VALUE = new Set(
  "-o --output -m --max-time --connect-timeout --resolve -w --write-out".split(" "),
);
const DATA = new Set("-d --data --data-raw --data-binary --data-ascii --json".split(" "));

/**
 * Reads a curl command line, as browsers copy it. Files (`@name`) are not read, and nothing is
 * sent.
 *
 * @throws InputError `malformed_curl`, `unknown_curl_option`
 */
export function readCurl(text: string): MessageToExplain {
  const words = shellWords(text.trim());
  const lines: HeaderLine[] = [];
  const data: string[] = [];
  let method: string | undefined;
  let url: string | undefined;
  for (let at = 1; at < words.length; at++) {
    const { option, attached } = splitOption(words[at]!);
    const value = (): string => {
      const given = attached ?? words[++at];
      if (given === undefined) throw new InputError("malformed_curl", `${option} has no value`);
      return given;
    };
    if (option === undefined || option === "--url") url = option === undefined ? words[at]! : value();
    else if (option === "-X" || option === "--request") method = value();
    else if (option === "-H" || option === "--header") lines.push(readHeaderLine(value()));
    else if (DATA.has(option)) {
      const content = value();
      if (content.startsWith("@") && option !== "--data-raw") {
        throw new InputError("malformed_curl", `${option} ${content}: a file's content is not read`);
      }
      data.push(content);
      if (option === "--json") lines.push({ name: "content-type", value: "application/json" });
    } else if (option === "-I" || option === "--head") method ??= "HEAD";
    else if (IGNORED_WITH_VALUE.has(option)) value();
    else if (!IGNORED.has(option)) throw new InputError("unknown_curl_option", `${option} is not known here`);
  }
  if (url === undefined || !/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new InputError("malformed_curl", "the command names no absolute http or https URL");
  }
  const headers = collectHeaders(lines);
  const body = data.length === 0 ? undefined : new TextEncoder().encode(data.join("&"));
  if (body !== undefined) headers["content-type"] ??= "application/x-www-form-urlencoded";
  return { method: method ?? (body === undefined ? "GET" : "POST"), url, headers, ...(body && { body }) };
}

/** `-XPOST` and `--request=POST` contain their value; a word without a dash is the URL. */
function splitOption(word: string): { option?: string; attached?: string } {
  if (!word.startsWith("-") || word === "-") return {};
  const long = /^(--[a-z0-9.-]+)=(.*)$/s.exec(word);
  if (long !== null) return { option: long[1]!, attached: long[2]! };
  const short = /^(-[XHdom])(.+)$/s.exec(word);
  return short === null ? { option: word } : { option: short[1]!, attached: short[2]! };
}
