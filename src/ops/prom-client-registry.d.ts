/** The file of prom-client that writes the text. The whole package would load 90 modules more, for figures of its own and tracing. */
declare module 'prom-client/lib/registry.js' {
  import { Registry } from 'prom-client'

  export default Registry
}
