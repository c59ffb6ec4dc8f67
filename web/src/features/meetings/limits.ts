// Limits that the pages print and the server enforces; a test holds them to the contract.

export const limits = {
  durationMin: { least: 5, most: 480 },
  reasonCharacters: 300,
} as const;
