/** 32 bits of a request's content (FNV-1a): tells a repeat from another content under the same number. No defence against a forger, who could only cheat himself. */
export function contentHash(method: number, body: Uint8Array): number {
  let hash = (0x811c9dc5 ^ method) | 0
  for (let i = 0; i < body.length; i += 1) hash = Math.imul(hash ^ (body[i] ?? 0), 0x01000193)
  return hash >>> 0
}
