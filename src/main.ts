#!/usr/bin/env node
import { main } from './cli/main.js'
import { runToItsEnd } from './cli/to-its-end.js'
import { makeObjectsYoung } from './lib/young-garbage.js'

makeObjectsYoung()
runToItsEnd(() => main(process.argv.slice(2), process.env))
