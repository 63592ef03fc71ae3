// Check digits of bank account numbers, computed independently of the server.

/** ISO 13616: the number with its first four characters moved to the end is 1 modulo 97. */
export function ibanHolds(iban) {
  const digits = (iban.slice(4) + iban.slice(0, 4)).replace(/[A-Z]/g, (c) => parseInt(c, 36));
  return /^\d+$/.test(digits) && BigInt(digits) % 97n === 1n;
}

/** Routing number: nine digits whose sum with the weights 3, 7, 1 is a multiple of ten. */
export function abaHolds(number) {
  return /^\d{9}$/.test(number) && weighted(number, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0;
}

/** CLABE: each of 17 digits times 3, 7 or 1, modulo ten; the last digit fills up to ten. */
export function clabeHolds(clabe) {
  if (!/^\d{18}$/.test(clabe)) return false;
  const digits = [...clabe].map(Number);
  const products = digits.slice(0, 17).map((digit, at) => (digit * [3, 7, 1][at % 3]) % 10);
  const sum = products.reduce((sum, product) => sum + product);
  return (10 - (sum % 10)) % 10 === digits[17];
}

/** The digits that a country has of its own inside an IBAN; true where it has none. */
export function nationalDigitsHold(iban) {
  const account = iban.slice(4);
  switch (iban.slice(0, 2)) {
    case 'FR': {
      // RIB key: letters count 1 to 9, where A and J are 1 and S is 2.
      const value = (c) => ((parseInt(c, 36) - 10) % 9) + 1 + (c >= 'S' ? 1 : 0);
      const digits = account.slice(0, 21).replace(/[A-Z]/g, value);
      return 97n - ((BigInt(digits) * 100n) % 97n) === BigInt(account.slice(21));
    }
    case 'NL':
      // Eleven test over the ten digits of the account.
      return weighted(account.slice(4), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0;
    default:
      return true;
  }
}

function weighted(digits, weights) {
  return weights.reduce((sum, weight, at) => sum + weight * Number(digits[at]), 0);
}
