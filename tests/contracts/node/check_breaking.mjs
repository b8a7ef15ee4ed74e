// Compares two OpenAPI documents, and prints as JSON what in the second breaks callers of the first.
import { readFile } from 'node:fs/promises'
import openapiDiff from 'openapi-diff'

const [sourceSpec, destinationSpec] = await Promise.all(
  process.argv.slice(2).map(async (location) => ({
    content: await readFile(location, 'utf8'),
    location,
    format: 'openapi3',
  })),
)
const outcome = await openapiDiff.diffSpecs({ sourceSpec, destinationSpec })
const found = outcome.breakingDifferencesFound ? outcome.breakingDifferences : []
const places = ({ sourceSpecEntityDetails: old, destinationSpecEntityDetails: fresh }) =>
  [...old, ...fresh].map(({ location }) => location)
console.log(JSON.stringify(found.map((each) => ({ code: each.code, place: places(each)[0] ?? '' }))))
