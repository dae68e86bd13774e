/** The company's purchasing rules, as stated in the report. Amounts in US dollars. */
export const BUSINESS_POLICIES = {
  bufferMonths: 3,
  approvalThreshold: 50_000,
  maxOrder: 100_000,
  approvedVendors: ["Apple", "Dell", "HP", "Lenovo"],
} as const;
