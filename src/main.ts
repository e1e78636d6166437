#!/usr/bin/env node
import { main } from './cli/main.js'
import { runToItsEnd } from './cli/to-its-end.js'

runToItsEnd(() => main(process.argv.slice(2), process.env))
