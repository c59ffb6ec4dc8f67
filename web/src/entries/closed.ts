import '../ui/live_text.ts';
import { mount } from 'svelte';
import { ClosedApp } from '../features/closed/index.ts';
import '../ui/base.css';

const target = document.getElementById('app');
if (target === null) throw new Error('the page has no #app');
mount(ClosedApp, { target });
