/**
 * Ends loading on a Node that is too old, with a sentence. It is the first import of what else
 * would end it with an error of a dependency.
 *
 * @module
 */

/** The oldest Node that works, as in `engines` of package.json. */
const OLDEST = [22, 19] as const;

const { node } = process.versions;
const [major = 0, minor = 0] = node.split(".").map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
  throw new Error(`aauth needs Node ${OLDEST.join(".")} or newer; this is Node ${node}.`);
