import { PARTY_COLOURS, type PartyColours } from "topology";

const COLOURS: Readonly<Record<string, PartyColours>> = PARTY_COLOURS;

/** Colour of a party's name, matching its pages. Undefined for parties without pages. */
export function partyColour(party: string): string | undefined {
  const colours = Object.hasOwn(COLOURS, party) ? COLOURS[party] : undefined;
  return colours && `light-dark(${colours.join(", ")})`;
}
