import { type Discovery, type DocumentTransport, draft11, ownerOf, QuotaStore } from "aauth";
import { displayText } from "agent-kit/service";

/** An agent provider's own description, for people. Unverified. */
export interface DescribedProvider {
  readonly name?: string | undefined;
  /** Image as a `data:` URL, so that showing it sends nothing to the provider. */
  readonly logo?: string | undefined;
}

export type DescribeProvider = (id: string) => Promise<DescribedProvider>;

const LOGO_BYTES = 32_768;
const LOGO_PIXELS = 512;
const LOGO_TIMEOUT_MS = 2_000;
/** Seconds a logo is cached, however often pages are shown. */
const KEEP_SECONDS = 3_600;
const MAX_LOGOS = 200;

const PNG_HEAD = Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", "latin1");

/**
 * Reads what agent providers publish for people (draft -11, section 13.14). This server fetches the
 * logos, and only from the provider's own origin, which also serves its documents. Images that are
 * not PNG, or are larger than a logo, are omitted.
 *
 * @param options.fetchDocument the transport of the documents, with its guard on addresses
 */
export function createDescribeProvider(options: {
  discovery: Discovery;
  fetchDocument: DocumentTransport;
  /** Unix seconds. */
  now: () => number;
}): DescribeProvider {
  const { discovery, fetchDocument, now } = options;
  const logos = new QuotaStore<Promise<string | undefined>>({ maxEntries: MAX_LOGOS, now });

  function logoOf(id: string, uri: string | undefined): Promise<string | undefined> | undefined {
    const url = uri === undefined ? null : URL.parse(uri);
    if (url?.origin !== id) return undefined; // hole S31
    const key = `${id} ${url.href}`;
    const known = logos.get(key);
    if (known !== undefined) return known;
    const logo = fetchLogo(url, fetchDocument).catch(() => undefined);
    logos.put(ownerOf(id), key, logo, KEEP_SECONDS);
    return logo;
  }

  return async (id) => {
    try {
      const { name, logo_uri } = await discovery.metadata(draft11.documents.kinds.agent, id);
      return { name: displayText(name), logo: await logoOf(id, logo_uri) };
    } catch {
      // The page names the provider by its identifier.
      return {};
    }
  };
}

async function fetchLogo(url: URL, fetchDocument: DocumentTransport): Promise<string | undefined> {
  const signal = AbortSignal.timeout(LOGO_TIMEOUT_MS);
  const { status, body } = await fetchDocument(url, { signal, maxBytes: LOGO_BYTES });
  const bytes = Buffer.from(body);
  if (status !== 200 || !PNG_HEAD.equals(bytes.subarray(0, PNG_HEAD.length))) return undefined;
  // A small file can decompress to an image that fills a browser's memory.
  const [width, height] = [bytes.readUInt32BE(PNG_HEAD.length), bytes.readUInt32BE(PNG_HEAD.length + 4)];
  if (Math.max(width, height) > LOGO_PIXELS) return undefined;
  return `data:image/png;base64,${bytes.toString("base64")}`;
}
