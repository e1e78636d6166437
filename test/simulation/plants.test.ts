/** Planted bugs that are found soon; test/long looks for the others. */

import t from 'tap'
import { find, plantsToFind } from './check-plants.js'

t.setTimeout(900_000)

for (const name of plantsToFind(false)) find(t, name)
