/** Images as folders, and folders as images. */

import fs from 'node:fs'
import path from 'node:path'
import type { Image } from './disk.js'
import { LOCK_FILE } from './trace.js'

export function putImage(root: string, image: Image): void {
  fs.mkdirSync(root, { recursive: true })
  for (const [name, bytes] of image) {
    if (bytes === null) fs.mkdirSync(path.join(root, name), { recursive: true })
    else fs.writeFileSync(path.join(root, name), bytes)
  }
}

/** In the order in which `Disk.image` gives it. */
export function imageOf(root: string, folder = ''): Map<string, Buffer | null> {
  const image = new Map<string, Buffer | null>()
  for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true }).sort(byName)) {
    const name = path.join(folder, entry.name)
    if (LOCK_FILE.test(name)) continue
    image.set(name, entry.isDirectory() ? null : fs.readFileSync(path.join(root, name)))
    if (entry.isDirectory()) for (const [inner, bytes] of imageOf(root, name)) image.set(inner, bytes)
  }
  return image
}

function byName(a: fs.Dirent, b: fs.Dirent): number {
  return a.name < b.name ? -1 : 1
}
