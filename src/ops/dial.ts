/** The way in which those commands of this program that are clients reach a server. */

import {
  fetchExchange,
  httpTransport,
  type Transport,
  tcpTransport,
  wsTransport,
} from '../../clients/typescript/index.js'
import { type ServerAddress, shownAddress } from './address.js'

/** The names of the transports in order of preference. */
export const TRANSPORTS = ['tcp', 'ws', 'http'] as const

export type TransportName = (typeof TRANSPORTS)[number]

/** @param long the long side @param httpPort of the short side, on the same host */
export function transportTo(name: TransportName, long: ServerAddress, httpPort: number): Transport {
  const short = shownAddress({ host: long.host, port: httpPort })
  switch (name) {
    case 'tcp':
      return tcpTransport(long)
    case 'ws':
      return wsTransport({ url: `ws://${short}/ws` })
    case 'http':
      return httpTransport({ exchange: fetchExchange({ url: `http://${short}` }) })
  }
}
