import { Told } from '../parts/Told'
import { Heading } from './Heading'
import { Link } from './Link'

export default function NotFoundPage() {
  return (
    <>
      <Heading hidden>There is no such page</Heading>
      <Told
        title="There is no such page"
        action={
          <Link to="/" className="button">
            All campaigns
          </Link>
        }
      >
        Its address may be misspelled.
      </Told>
    </>
  )
}
