export interface RequestAnalysis {
  readonly type: "supply_chain_optimization";
  /** The request, unchanged. */
  readonly text: string;
  readonly focusArea: "laptop_inventory" | "general_supply_chain";
  readonly asksForInventory: boolean;
  readonly asksForCost: boolean;
  /** Whether to ask the market-analysis agent. */
  readonly asksForMarketAnalysis: boolean;
}

/**
 * Classifies the request by case-insensitive keywords. The keywords are the demo's and part of its
 * interface.
 */
export function analyzeRequest(text: string): RequestAnalysis {
  const words = text.toLowerCase();
  const mentions = (...terms: string[]) => terms.some((term) => words.includes(term));
  return {
    type: "supply_chain_optimization",
    text,
    focusArea: mentions("laptop", "hardware") ? "laptop_inventory" : "general_supply_chain",
    asksForInventory: mentions("inventory", "stock"),
    asksForCost: mentions("cost", "budget"),
    asksForMarketAnalysis: mentions("perform market analysis"),
  };
}
