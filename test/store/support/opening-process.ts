/** A process that opens the tables of a folder to read them, and closes them, again and again: `node opening-process.js FOLDER`. */

import { Tables } from '../../../src/store/lmdb/tables.js'

const [folder = ''] = process.argv.slice(2)
for (;;) await new Tables(folder, 2 ** 30, true).close()
