/** Planted bugs of groups, and others that take long to find. */

import t from 'tap'
import { find, plantsToFind } from '../simulation/check-plants.js'

for (const name of plantsToFind(true)) find(t, name)
