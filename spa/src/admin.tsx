import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { AdminLanding } from './session/AdminLanding.tsx';
import './style.css';

const element = document.getElementById('root');
if (element === null) throw new Error('admin.html has no element with the id "root"');
createRoot(element).render(
  <StrictMode>
    <AdminLanding search={location.search} />
  </StrictMode>,
);
