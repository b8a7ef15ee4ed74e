import './styles/tokens.css'
import './styles/base.css'
import './parts/parts.css'
import { createRoot } from 'react-dom/client'
import { App } from './app/App'
import { findSession } from './session/session'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')

void findSession()
createRoot(root).render(<App />)
